"""The site is killed, again and again, under load: nothing acknowledged is lost, nothing happens
twice.

`python -m tests.torture` (`make torture`) starts the site's own processes with a database of their
own, lets people study, sign in, buy and be told of it, and kills at random. After each round it
lets the site recover and holds what was acknowledged against what is there. At the end it breaks
the site on purpose: a checker that misses that proves nothing.
"""
