"""What is already on this machine: where model files lie, and what they are."""

from fitplan.installed.places import Found, Missing, Place, Problem

__all__ = ["Found", "Missing", "Place", "Problem"]
