"""The child process that runs lm-eval, and the only place that knows it: one process per model and slot."""
