"""Run one stage in one process."""
