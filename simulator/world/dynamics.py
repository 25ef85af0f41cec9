"""The forces on road vehicles, compiled: springs, tyres, wheels, brakes, air, and a rider's balance.

A body on four wheels that each have a spring, a damper, a tyre and a speed of their own: the wheel and body equations
of the multi-body model of Althoff and Würsching, "CommonRoad: Vehicle Models" (2020a), without its unsprung masses, on
a body that can take any attitude (``rigid``). ``state``, ``control``, ``physics`` and ``effort`` are (N,) of ``STATE``,
``CONTROL``, ``PHYSICS`` and ``EFFORT``; what bodies are like and how they move is as in ``rigid.Motion``, whose first N
bodies the vehicles are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simulator.world import tyres
from simulator.world.bodies import GRAVITY, Array
from simulator.world.compiled import (
    CONTROLS,
    EFFORTS,
    FLAGS,
    PHYSICS_TABLE,
    REAL,
    REAL_2,
    REAL_3,
    STATES,
    compiled,
    float64,
    part,
)
from simulator.world.drivetrain import ratio, sampled, shift, torque
from simulator.world.published import BMW_320I
from simulator.world.tyres import LAT_PEAK, LONG_PEAK, SLIP_FLOOR

HEAVE_FREQUENCY = float(np.sqrt(2 * (BMW_320I.K_sf + BMW_320I.K_sr) / BMW_320I.m_s))
"""Of the published springs under the published sprung mass [rad/s]."""
HEAVE_DAMPING = float((BMW_320I.K_sdf + BMW_320I.K_sdr) / BMW_320I.m_s / HEAVE_FREQUENCY)
"""Damping ratio of the published dampers."""
ANTI_ROLL = float(-(BMW_320I.K_tsf + BMW_320I.K_tsr) * 2 / ((BMW_320I.K_sf + BMW_320I.K_sr) * BMW_320I.T_f**2 / 2))
"""Stiffness of the published anti-roll bars, relative to that of the springs in roll."""
ROLLING_RESISTANCE = 0.012

BUMP_STOP = 0.10
"""Spring travel [m] beyond which the springs are ten times as stiff."""
CARCASS_DAMPING = 0.03
"""Damping of the carcass over its stiffness [s], at rest; it keeps standing vehicles from rocking on their tyres."""
STICKY = 0.2
"""Speed [m/s] below which a vehicle that is in gear, but not driven, stands still, as PhysX's do (sticky tyres)."""
STEEPEST = 0.3
"""A wheel rolls where the cosine between the body's and the ground's up is above this."""
BALANCE = 8.0
"""How fast a rider, who leans by 45 degrees at most, brings a two-wheeler to its lean [rad/s]."""
LOST_BALANCE = 1.0
"""Away from its lean by so much [rad], a two-wheeler falls."""
PLACES = 6
"""Where the ground is asked for under a vehicle: its wheels, and as far before and behind them as bumpers are."""

_secants, _bend, _smoothing = part(tyres.secants), part(tyres.bend), part(tyres.smoothing)


@part
def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@part
def _asked(value: float, low: float) -> float:
    """What a driver asks for, within [low, 1]; nothing for what is no number."""
    return 0.0 if math.isnan(value) else min(max(value, low), 1.0)


@compiled(STATES, CONTROLS, PHYSICS_TABLE, EFFORTS, REAL_3, REAL_2, REAL, float64)
def prepare(
    state: Any, control: Any, physics: Any, effort: Any, rotation: Array, velocity: Array, friction: Array, dt: float
) -> None:
    """Chooses the gears for a step of ``dt`` [s], in place; fills in ``effort``. ``friction`` (N,), 1 is dry road."""
    for n in range(len(state)):
        s, c, p, e = state[n], control[n], physics[n], effort[n]
        c.throttle, c.brake, c.steer = _asked(c.throttle, 0.0), _asked(c.brake, 0.0), _asked(c.steer, -1.0)
        shift(s, c, p, dt)
        forward = 0.0
        for i in range(3):
            forward += velocity[i, n] * rotation[i, 0, n]
        speed = abs(forward)
        stands = c.throttle == 0 and s.gear != 0 and speed < STICKY
        e.ratio = ratio(s.gear, p)
        e.lock = sampled(p.steering, speed / p.steer_top)
        for k in range(4):
            hand = p.hand_brake[k] if c.hand_brake else 0.0
            e.brake[k] = np.inf if stands else c.brake * p.brake[k] + hand
            e.grip[k] = friction[n] * p.friction[k]


@compiled(PHYSICS_TABLE, REAL_2, REAL_3, REAL_2)
def probe(physics: Any, center: Array, rotation: Array, places: Array) -> None:
    """Fills ``places`` (PLACES N, 3) [m], vehicle by vehicle, at the height of the centre: on a bridge, or under it."""
    for n in range(len(physics)):
        p = physics[n]
        for i in range(2):
            for k in range(4):
                at = rotation[i, 0, n] * p.fore[k] + rotation[i, 1, n] * p.left[k] + rotation[i, 2, n] * p.below[k]
                places[PLACES * n + k, i] = center[i, n] + at
            for end in range(2):
                pair = places[PLACES * n + 2 * end, i] + places[PLACES * n + 2 * end + 1, i]
                places[PLACES * n + 4 + end, i] = center[i, n] + 0.8 * (pair - 2 * center[i, n])
        for k in range(PLACES):
            places[PLACES * n + k, 2] = center[2, n]


@part
def _lean(s: Any, p: Any, n: int, rotation: Array, velocity: Array, spin: Array, mass: float, inertia: float,
          load: float, dt: float) -> float:  # fmt: skip
    """Torque [N m] about the forward axis by which a rider brings a two-wheeler to the lean that balances the bend,
    while wheels bear; none once fallen."""
    roll = math.atan2(rotation[2, 1, n], rotation[2, 2, n])
    speed, rate = 0.0, 0.0
    for i in range(3):
        speed += velocity[i, n] * rotation[i, 0, n]
        rate += spin[i, n] * rotation[i, 0, n]
    off = -math.atan(_within(speed * spin[2, n] / GRAVITY, -1.0, 1.0)) - roll
    if abs(off) >= LOST_BALANCE or load <= 0.1 * mass * GRAVITY:
        return 0.0
    pivot = inertia + mass * p.below[0] ** 2
    # implicit: the body turns about its centre far more easily than about its wheels, until the tyres take hold
    eased = 1 + dt * pivot / inertia * (2 * BALANCE + dt * BALANCE**2)
    return pivot * (BALANCE**2 * off - 2 * BALANCE * rate) / eased


@compiled(
    STATES, CONTROLS, PHYSICS_TABLE, EFFORTS, REAL_2, REAL_3, REAL_2, REAL_2, REAL, REAL_2, REAL, FLAGS,
    REAL_2, REAL, REAL_2, float64, float64,
)  # fmt: skip
def advance(
    state: Any, control: Any, physics: Any, effort: Any, center: Array, rotation: Array, velocity: Array, spin: Array,
    mass: Array, inertia: Array, weight: Array, awake: Array, places: Array, heights: Array, normals: Array,
    elapsed: float, dt: float,
) -> None:  # fmt: skip
    """Changes states and velocities by the forces of one sub-step of ``dt`` [s], at most 0.0125; no places.

    ``heights`` [m] and ``normals`` are of the planes at ``places`` (``probe``); ``elapsed`` [s] is the time since the
    step's beginning. Bodies beside the vehicles only fall. Gyroscopic torques are left out, as in most engines:
    explicit steps would feed on them.
    """
    # of the wheels of one vehicle
    slope, arm, tread, side = np.empty((4, 3)), np.empty((4, 3)), np.empty((4, 3)), np.empty((4, 3))
    fit, rate, travel, spring, load = np.empty(4), np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    along, across, stiff_x, stiff_y = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    lag, trial_x, trial_y, secant_y = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    idle, per_torque, share = np.empty(4), np.empty(4), np.empty(4)
    for n in range(len(state)):
        s, c, p, e = state[n], control[n], physics[n], effort[n]
        vx, vy, vz = velocity[0, n], velocity[1, n], velocity[2, n]
        wx, wy, wz = spin[0, n], spin[1, n], spin[2, n]
        fore_x, fore_y, fore_z = rotation[0, 0, n], rotation[1, 0, n], rotation[2, 0, n]
        left_x, left_y, left_z = rotation[0, 1, n], rotation[1, 1, n], rotation[2, 1, n]
        up_x, up_y, up_z = rotation[0, 2, n], rotation[1, 2, n], rotation[2, 2, n]

        # springs: compressed by as much as the ground stands above the wheel's place in the resting body
        for k in range(4):
            row = PLACES * n + k
            steep = max(normals[row, 2], 1e-3)
            gx, gy = _within(-normals[row, 0] / steep, -1.0, 1.0), _within(-normals[row, 1] / steep, -1.0, 1.0)
            nz = 1 / math.sqrt(1 + gx * gx + gy * gy)
            nx, ny = -gx * nz, -gy * nz
            slope[k, 0], slope[k, 1], slope[k, 2] = nx, ny, nz
            rx = fore_x * p.fore[k] + left_x * p.left[k] + up_x * p.below[k]
            ry = fore_y * p.fore[k] + left_y * p.left[k] + up_y * p.below[k]
            rz = fore_z * p.fore[k] + left_z * p.left[k] + up_z * p.below[k]
            upward = up_z - gx * up_x - gy * up_y
            touching = upward * nz > STEEPEST
            lean = upward if touching else 1.0
            base = heights[row] - gx * places[row, 0] - gy * places[row, 1]
            travel[k] = (base + gx * (center[0, n] + rx) + gy * (center[1, n] + ry) - center[2, n] - rz) / lean
            rx, ry, rz = rx + up_x * travel[k], ry + up_y * travel[k], rz + up_z * travel[k]
            arm[k, 0], arm[k, 1], arm[k, 2] = rx, ry, rz
            rate[k] = -((vx + wy * rz - wz * ry) * nx + (vy + wz * rx - wx * rz) * ny
                        + (vz + wx * ry - wy * rx) * nz) / (lean * nz)  # fmt: skip
            part_mass = p.rest_load[k] / GRAVITY
            spring[k] = part_mass * HEAVE_FREQUENCY**2 * (travel[k] + 9.0 * max(travel[k] - BUMP_STOP, 0.0))
            fit[k] = 1.0 if touching else 0.0
        for k in range(4):
            bar = ANTI_ROLL / 2 * (spring[k] - spring[k ^ 1])
            part_mass = p.rest_load[k] / GRAVITY
            pressed = part_mass * (weight[n] + 2 * HEAVE_DAMPING * HEAVE_FREQUENCY * rate[k]) + spring[k] + bar
            load[k] = min(max(pressed, 0.0) * fit[k], 12.0 * p.rest_load[k])

        # where the wheels point, in front by Ackermann
        reach = p.steer_rate * dt
        s.steer += _within(c.steer - s.steer, -reach, reach)
        s.steer_angle = s.steer * e.lock * p.max_steer[0]
        borne, driven = 0.0, 0.0
        for k in range(4):
            tangent = math.tan(s.steer * e.lock * p.max_steer[k])
            tangent /= max(1 - tangent * p.fore_of_axis[k] / p.wheelbase, 0.1)
            s.angle[k] = math.atan(tangent)
            cos = 1 / math.sqrt(1 + tangent * tangent)
            sin = tangent * cos
            nx, ny, nz = slope[k, 0], slope[k, 1], slope[k, 2]
            tx, ty, tz = fore_x * cos + left_x * sin, fore_y * cos + left_y * sin, fore_z * cos + left_z * sin
            over = tx * nx + ty * ny + tz * nz
            tx, ty, tz = tx - over * nx, ty - over * ny, tz - over * nz
            size = 1 / max(math.sqrt(tx * tx + ty * ty + tz * tz), 1e-6)
            tx, ty, tz = tx * size, ty * size, tz * size
            sx, sy, sz = ny * tz - nz * ty, nz * tx - nx * tz, nx * ty - ny * tx
            tread[k, 0], tread[k, 1], tread[k, 2] = tx, ty, tz
            side[k, 0], side[k, 1], side[k, 2] = sx, sy, sz
            rx, ry, rz = arm[k, 0], arm[k, 1], arm[k, 2]
            px, py, pz = vx + wy * rz - wz * ry, vy + wz * rx - wx * rz, vz + wx * ry - wy * rx
            along[k], across[k] = px * tx + py * ty + pz * tz, px * sx + py * sy + pz * sz
            borne += load[k]
            share[k] = 0.0 if p.two_wheeler and k < 2 else load[k]  # their engines drive the wheel behind
            driven += share[k]

        # tyres: slip of the carcass, and of the motion where that is beyond the peak
        turning, eased = 0.0, 0.0
        for k in range(4):
            radius, inertia_k, omega = p.radius[k], p.inertia[k], s.omega[k]
            surface = omega * radius
            sliding = surface - along[k]
            pace = max(abs(along[k]), abs(surface))
            floor = max(pace, SLIP_FLOOR)
            bears = load[k] / p.rest_load[k]
            stiff_x[k] = p.long_stiff[k] * GRAVITY * bears
            stiff_y[k] = p.lat_stiff[k] * p.rest_load[k] * _smoothing(3.0 * bears / p.max_load[k])
            relax = radius  # relaxation length: about the radius (Pacejka, section 5.2)
            lag[k] = 1 + dt * pace / relax
            give = dt + CARCASS_DAMPING * max(1 - pace / SLIP_FLOOR, 0.0) * lag[k]
            # where the carcass would be after the step, with its damping: what the force must stay within the grip at
            trial_x[k] = (s.bend_x[k] + give * sliding) / lag[k]
            trial_y[k] = (s.bend_y[k] + give * across[k]) / lag[k]
            most_x, most_y = LONG_PEAK * e.grip[k] * load[k], LAT_PEAK * e.grip[k] * load[k]
            k_x, k_y = _secants(
                trial_x[k] / relax, trial_y[k] / relax, sliding / floor, across[k] / floor,
                stiff_x[k], stiff_y[k], most_x, most_y,
            )  # fmt: skip
            secant_x, secant_y[k] = k_x / relax, k_y / relax

            # wheels, implicitly: force = secant * bend after the step, which the torque and the force itself change;
            # beside them the body is too heavy to matter within a sub-step
            divisor = lag[k] + secant_x * dt * give * radius**2 / inertia_k
            idle[k] = secant_x * lag[k] * trial_x[k] / divisor
            per_torque[k] = secant_x * dt * give * radius / inertia_k / divisor
            share[k] /= max(driven, 1e-6)
            turning += share[k] * (omega - dt * radius / inertia_k * idle[k])
            eased += share[k] ** 2 * (dt / inertia_k * (1 - radius * per_torque[k]))
            s.long_slip[k] = sliding / floor
            s.lat_slip[k] = math.atan2(across[k], max(abs(along[k]), 0.5))
        drive = torque(s, c, p, e.ratio, turning, eased, s.since_shift + elapsed, dt)

        drag = p.drag * math.sqrt(vx * vx + vy * vy + vz * vz)
        s.drag = drag * math.sqrt(vx * vx + vy * vy + vz * vz)
        force_x, force_y, force_z = -drag * vx, -drag * vy, -drag * vz
        turn_x, turn_y, turn_z = 0.0, 0.0, 0.0
        for k in range(4):
            radius, inertia_k, omega = p.radius[k], p.inertia[k], s.omega[k]
            most_x, most_y = LONG_PEAK * e.grip[k] * load[k], LAT_PEAK * e.grip[k] * load[k]
            wanted = share[k] * drive
            # what already slides has its force, whatever the torque
            if abs(idle[k] + per_torque[k] * wanted) >= 0.999 * most_x:
                idle[k], per_torque[k] = _within(idle[k], -most_x, most_x), 0.0
            rolling = omega - dt * radius / inertia_k * idle[k]
            ease = dt / inertia_k * (1 - radius * per_torque[k])
            free = rolling + ease * wanted
            held = e.brake[k] + ROLLING_RESISTANCE * load[k] * radius + p.damping[k] * abs(omega)
            stopping = min(abs(free) / ease, held)
            wanted -= stopping if free > 0 else -stopping if free < 0 else 0.0
            pull = _within(idle[k] + per_torque[k] * wanted, -most_x, most_x)
            push = -secant_y[k] * trial_y[k]

            # carcasses, brought back to their peak
            sliding = omega * radius - along[k]
            change = dt * (sliding + dt * radius / inertia_k * wanted - dt * radius**2 / inertia_k * pull)
            bent_x, bent_y = (s.bend_x[k] + change) / lag[k], (s.bend_y[k] + dt * across[k]) / lag[k]
            back = _bend(bent_x / radius, bent_y / radius, stiff_x[k], stiff_y[k], most_x, most_y)
            back = back if load[k] > 0 else 0.0
            s.bend_x[k], s.bend_y[k] = bent_x * back, bent_y * back
            s.omega[k] = rolling + ease * wanted
            s.travel[k] = _within(travel[k], -BUMP_STOP, BUMP_STOP)
            s.spin[k] = (s.spin[k] + dt * s.omega[k]) % (2 * math.pi)
            s.load[k], s.long_force[k], s.lat_force[k], s.torque[k] = load[k], pull, push, wanted
            s.grip[k] = e.grip[k]

            # on the body
            fx = load[k] * slope[k, 0] + pull * tread[k, 0] + push * side[k, 0]
            fy = load[k] * slope[k, 1] + pull * tread[k, 1] + push * side[k, 1]
            fz = load[k] * slope[k, 2] + pull * tread[k, 2] + push * side[k, 2]
            force_x, force_y, force_z = force_x + fx, force_y + fy, force_z + fz
            turn_x += arm[k, 1] * fz - arm[k, 2] * fy
            turn_y += arm[k, 2] * fx - arm[k, 0] * fz
            turn_z += arm[k, 0] * fy - arm[k, 1] * fx
        if p.two_wheeler:
            lean = _lean(s, p, n, rotation, velocity, spin, mass[n], inertia[0, n], borne, dt)
            turn_x, turn_y, turn_z = turn_x + lean * fore_x, turn_y + lean * fore_y, turn_z + lean * fore_z
        if awake[n]:
            velocity[0, n] += dt * force_x / mass[n]
            velocity[1, n] += dt * force_y / mass[n]
            velocity[2, n] += dt * force_z / mass[n]
            about_x = (fore_x * turn_x + fore_y * turn_y + fore_z * turn_z) / inertia[0, n]
            about_y = (left_x * turn_x + left_y * turn_y + left_z * turn_z) / inertia[1, n]
            about_z = (up_x * turn_x + up_y * turn_y + up_z * turn_z) / inertia[2, n]
            spin[0, n] += dt * (fore_x * about_x + left_x * about_y + up_x * about_z)
            spin[1, n] += dt * (fore_y * about_x + left_y * about_y + up_y * about_z)
            spin[2, n] += dt * (fore_z * about_x + left_z * about_y + up_z * about_z)
    for n in range(len(mass)):
        if awake[n]:
            velocity[2, n] -= dt * weight[n]
