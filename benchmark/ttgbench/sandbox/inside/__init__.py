"""What runs inside the sandbox. Standard library only and relative imports only, so that it also loads as the top-level
package `inside`, alone, where nothing else of ttgbench is visible."""
