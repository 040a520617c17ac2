"""Problems whose instances are drawn: which there are, what they are worth, and which are fit to compare methods on."""
