"""The independent count: every figure again, by plain loops over Klaviyo's raw JSON, without SQL and without the product.

Nothing here imports the product or is imported by it. Where the two disagree, docs and definitions decide who is right.
"""
