"""OpenDRIVE texts for the tests of signs: two straight roads that cross in one junction."""

from __future__ import annotations

_LANES = """<lanes><laneSection s="0">
  <left><lane id="1" type="driving"><link>{left}</link><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></left>
  <center><lane id="0" type="none"/></center>
  <right><lane id="-1" type="driving"><link>{right}</link><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right>
</laneSection></lanes>"""


def road(number, x, y, heading, length, junction=-1, link="", left="", right="", signals=""):
    return (
        f'<road id="{number}" length="{length}" junction="{junction}"><link>{link}</link><planView>'
        f'<geometry s="0" x="{x}" y="{y}" hdg="{heading}" length="{length}"><line/></geometry></planView>'
        f"{_LANES.format(left=left, right=right)}<signals>{signals}</signals></road>"
    )


def signal(number, kind="1000001", s=0.0, t=-3.0, turn=0.0, orientation="+", more='fromLane="0" toLane="0"', value=-1):
    return (
        f'<signal id="{number}" name="x" s="{s}" t="{t}" zOffset="0" hOffset="{turn}" orientation="{orientation}" '
        f'dynamic="yes" type="{kind}" subtype="-1" value="{value}"><validity {more}/></signal>'
    )


def reference(number, s, lane):
    return (
        f'<signalReference id="{number}" s="{s}" t="0" orientation="+">'
        f'<validity fromLane="{lane}" toLane="{lane}"/></signalReference>'
    )


def opendrive(roads, controllers="", junction=""):
    return (
        f'<OpenDRIVE><header name="made_up"/>{"".join(roads)}{controllers}'
        f'<junction id="9" name="x">{junction}</junction></OpenDRIVE>'
    )


def crossing(kinds=("1000001", "1000001"), controlled=True):
    """Roads 1 (from the west) and 2 (from the south) meet in junction 9, a square of 20 m about (0, 0), and go on as 3
    and 4; signal "w" is for who comes from the west, "s" from the south. Both reach beyond the junction by 100 m."""
    half = 1.5707963267948966

    def through(number, x, y, heading, before, after, name):
        ends = (
            f'<predecessor elementType="road" elementId="{before}" contactPoint="end"/>'
            f'<successor elementType="road" elementId="{after}" contactPoint="start"/>'
        )
        both = '<predecessor id="{0}"/><successor id="{0}"/>'
        return road(
            number, x, y, heading, 20, 9, ends, both.format(1), both.format(-1), reference(name, 0.5, -1)
        )  # fmt: skip

    def arm(number, x, y, heading, successor, signals=""):
        tag = "successor" if successor else "predecessor"
        return road(number, x, y, heading, 100, link=f'<{tag} elementType="junction" elementId="9"/>', signals=signals)

    roads = [
        arm(1, -110, 0, 0, True, signal("w", kinds[0], s=98, t=-5)),
        arm(2, 0, -110, half, True, signal("s", kinds[1], s=98, t=-5)),
        arm(3, 10, 0, 0, False),
        arm(4, 0, 10, half, False),
        through(11, -10, 0, 0, 1, 3, "w"),
        through(12, 0, -10, half, 2, 4, "s"),
    ]
    if not controlled:
        return opendrive(roads)
    controllers = "".join(
        f'<controller id="c{name}"><control signalId="{name}"/></controller>' for name in "ws"
    )  # fmt: skip
    order = '<controller id="cw" type="0" sequence="1"/><controller id="cs" type="0" sequence="0"/>'
    return opendrive(roads, controllers, order)
