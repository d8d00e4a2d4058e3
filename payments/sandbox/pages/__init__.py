"""What the sandbox shows to a browser, and its door over HTTP."""
