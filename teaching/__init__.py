"""For who gives a class with the course: grading, reports, a sample class. See teaching/README.md."""
