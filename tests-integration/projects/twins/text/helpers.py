def shout(words: str) -> str:
    return words.upper() + "!"
