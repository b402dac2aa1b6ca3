"""Gradient checks: the layers' gradients against central differences and the reverse-mode tape."""
