"""Do language models that learned from one legislature's debates predict another's worse?"""
