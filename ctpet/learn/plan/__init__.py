"""Propose a training from what the cases and the memory are."""
