"""Hands in JSON nested a hundred thousand deep."""
# must: a plain reason; the class goes on
# points: 0

# %% notebook
data = b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
