"""The exercises of each lesson: lessonNN.py holds a list EXERCISES, and is imported when it is needed."""
