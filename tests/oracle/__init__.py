"""The independent count: every figure again, by plain loops over Klaviyo's raw JSON, without SQL and without the product.

No module here imports the product or is imported by it; only the tests bring the two together. Where they disagree, docs
and definitions decide who is right.
"""
