"""After G3: a judge that learns from photos of known places, and the region that it vouches for.

`features` describes each candidate in numbers, `ranking` learns from them which candidate is near
the truth, `regions` makes a distribution over the Earth of it, and `judge` puts the three together
for the pipeline. (`g3lite.paper.after_plan` says how all of it is measured.)
"""
