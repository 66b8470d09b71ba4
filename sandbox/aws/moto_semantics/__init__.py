"""moto with the semantics of AWS that it lacks and that a cluster controller depends on.

Owns: what EC2, EBS, Auto Scaling, ELBv2, classic ELB, KMS and Service Quotas answer beyond stock moto: states that
take time, idempotency by client token, refusals while something is in use, groups that replace their instances by
themselves.
Neighbours: `proxy/` stands in front and does what only a network can do (delays, resets, recording); the sandbox's
`instances` and `load balancers` parts read `/_sim/` (see control.py) and feed target health back.

One module a service; each replaces methods of moto's models with `@patch` (see patching.py) when it is imported.
`launcher.py` imports them all.
"""

import gc
import os

import_time_settings = {
    # Read by moto when it is imported. A thousand public images would only slow the start.
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "MOTO_ENABLE_AMI_VALIDATION": "true",
}
os.environ.update(import_time_settings)

# What is loaded from here on stays: looking for garbage in it costs a quarter of the start. `launcher.py` turns it on again.
gc.disable()
