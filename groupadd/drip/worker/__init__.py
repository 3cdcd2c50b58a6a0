"""Carrying a plan out: what is due next for an account, each step of it, and the runs that hold accounts together."""
