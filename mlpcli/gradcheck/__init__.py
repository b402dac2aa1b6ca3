"""Gradient checks: the layers' gradients against central differences and against the reverse-mode tape."""
