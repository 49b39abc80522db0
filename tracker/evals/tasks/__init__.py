"""Our own lm-eval tasks; give this folder to lm-eval as its include path."""
