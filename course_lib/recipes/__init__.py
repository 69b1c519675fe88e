"""How the stored models were trained: one file a task, used by the command that trains them and by the lessons."""
