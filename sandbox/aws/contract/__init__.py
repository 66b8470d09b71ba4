"""The contract of the local AWS: what a cluster controller relies on, checked through the API as any client sees it.

`python -m contract <endpoint>` prints one line of JSON a check. Each check works in a VPC of its own, so that they run
side by side. The same checks can be pointed at another simulation of AWS to see what it lacks.
"""
