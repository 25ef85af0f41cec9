"""A street with parking lanes and sidewalks, as OpenDRIVE."""


def _lane(number: int, kind: str, width: float) -> str:
    return (
        f'<lane id="{number}" type="{kind}" level="false"><width sOffset="0" a="{width}" b="0" c="0" d="0"/>'
        '<roadMark sOffset="0" type="solid" color="white" width="0.12"/></lane>'
    )


def street(length: float = 220.0) -> str:
    """One straight road along x, two driving lanes, parking lanes and sidewalks."""
    kinds = (("driving", 3.5), ("parking", 2.6), ("sidewalk", 3.6))
    left = "".join(_lane(k, *kinds[k - 1]) for k in (3, 2, 1))
    right = "".join(_lane(-k, *kinds[k - 1]) for k in (1, 2, 3))
    return f"""<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4" name="street"/>
<road name="" length="{length}" id="0" junction="-1"><type s="0" type="town"/>
<planView><geometry s="0" x="0" y="0" hdg="0" length="{length}"><line/></geometry></planView>
<elevationProfile><elevation s="0" a="0" b="0" c="0" d="0"/></elevationProfile>
<lanes><laneSection s="0"><left>{left}</left><center><lane id="0" type="none" level="false"/></center>
<right>{right}</right></laneSection></lanes></road></OpenDRIVE>"""
