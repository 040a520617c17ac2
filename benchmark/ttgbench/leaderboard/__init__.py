"""The page: tabs in pages/, what they share in parts/. The only folder that imports gradio."""
