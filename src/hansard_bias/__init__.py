"""Do language models that learned from one legislature's speech misread another's?"""
