"""Bad input to every address and every form: never a 500, never a hang, memory bounded.

The suite runs a short pass, always the same; `make fuzz` a long one, each time another. The site
publishes no OpenAPI schema, so what is asked is drawn from the resolver and from the pages' own
forms.
"""
