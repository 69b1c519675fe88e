"""Fifty short questions and tasks, on which greedy answers of two implementations are compared."""

PROMPTS = """What is the capital of France?
Write a haiku about rain.
Who wrote Hamlet?
What is 2 + 2?
Name three colours of the rainbow.
Explain photosynthesis in one sentence.
Write a Python function that reverses a string.
What is the boiling point of water?
Translate "good morning" into Spanish.
List the planets of the solar system.
Why is the sky blue?
Give me a synonym of "happy".
What is a prime number?
Summarise: The cat sat on the mat and slept all day.
Is 17 a prime number?
Write one sentence about the sea.
What does DNA stand for?
How many days are there in a leap year?
Which animal is the largest on Earth?
What is the opposite of "cold"?
Write a SQL query that selects all users.
Who painted the Mona Lisa?
What is the square root of 81?
Describe a tree to somebody who has never seen one.
What is the past tense of "to go"?
Which gas do plants take in?
Tell me a joke.
What is the speed of light?
Name a country in South America.
What is HTML?
Classify the sentiment: "I loved this film."
Classify the sentiment: "The food was cold and late."
What comes after Tuesday?
Complete: Roses are red, violets are
How do I boil an egg?
What is the chemical symbol of gold?
Who was the first person on the moon?
What is recursion in programming?
Spell the word "necessary".
What is 12 times 12?
Name two uses of iron.
What language is spoken in Brazil?
Give a short definition of gravity.
Is a tomato a fruit?
Write a greeting for a birthday card.
What is the tallest mountain in the world?
How many legs does a spider have?
What is the main idea of democracy?
Correct the sentence: "He go to school yesterday."
I have 3 apples and eat 1. How many are left?""".splitlines()
