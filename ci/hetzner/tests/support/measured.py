"""How measured values look in texts for people: no test knows how long a machine takes."""

DURATION = r"(?:\d+\.\d s|\d+ min \d+ s)"  # a regular expression for texts of `plain_text.duration`
