"""From a model to rows: the child process that runs lm-eval, and what is made of its files."""
