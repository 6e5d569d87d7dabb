"""Fused forward and backward passes, written for speed, each with its reference."""
