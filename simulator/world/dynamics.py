"""The forces on road vehicles, of all of them at once: springs, tyres, wheels, brakes, air, and a rider's balance.

A body on four wheels that each have a spring, a damper, a tyre and a speed of their own: the wheel and body equations
of the multi-body model of Althoff and Würsching, "CommonRoad: Vehicle Models" (2020a), without its unsprung masses, on
a body that can take any attitude (``rigid``). Arrays are (4, N), or (N,) for what belongs to the whole vehicle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2

from simulator.world.bodies import GRAVITY, Array
from simulator.world.drivetrain import Drivetrain
from simulator.world.physics import SAMPLES
from simulator.world.rigid import Motion
from simulator.world.tyres import LAT_PEAK, LONG_PEAK, SLIP_FLOOR, bend, secants, smoothing

_WHEEL_FIELDS = ("omega", "bend_x", "bend_y", "travel", "spin")
_TOLD_FIELDS = ("load", "long_force", "lat_force", "torque", "long_slip", "lat_slip", "grip")

STATE = np.dtype(
    [
        ("steer", np.float64),  # of full lock, positive is left
        ("steer_angle", np.float64),  # mean of the front wheels [rad]
        ("gear", np.int64),  # -1 reverse, 0 neutral
        ("since_shift", np.float64),  # [s]
        ("engine", np.float64),  # [rad/s]
        ("drag", np.float64),  # of the air [N]
        ("angle", np.float64, 4),  # of each wheel about its upright [rad], positive is left
        # speed [rad/s], what the carcass has given way along and across [m], how far the wheel stands above its place
        # in the resting body [m], angle [rad]
        *((name, np.float64, 4) for name in _WHEEL_FIELDS),
        # of the last sub-step: load and forces [N], torque [N m], slip [-], slip angle [rad], friction [-]
        *((name, np.float64, 4) for name in _TOLD_FIELDS),
    ]
)
"""What a vehicle has beside its body's motion; wheels in the order of WHEELS."""

WHEELS = ("front_left", "front_right", "rear_left", "rear_right")

_BMW = parameters_vehicle2()
HEAVE_FREQUENCY = float(np.sqrt(2 * (_BMW.K_sf + _BMW.K_sr) / _BMW.m_s))
"""Of the published springs under the published sprung mass [rad/s]."""
HEAVE_DAMPING = float((_BMW.K_sdf + _BMW.K_sdr) / _BMW.m_s / HEAVE_FREQUENCY)
"""Damping ratio of the published dampers."""
ANTI_ROLL = float(-(_BMW.K_tsf + _BMW.K_tsr) * 2 / ((_BMW.K_sf + _BMW.K_sr) * _BMW.T_f**2 / 2))
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


class Ground:
    """The plane under each wheel (4, N) as of its place at the start: height and slope along world x and y."""

    def __init__(self, x: Array, y: Array, heights: Array, normals: Array) -> None:
        up = np.maximum(normals[2], 1e-3)
        self.x, self.y = np.clip(-normals[0] / up, -1.0, 1.0), np.clip(-normals[1] / up, -1.0, 1.0)
        self.base = heights - self.x * x - self.y * y
        steep = 1 / np.sqrt(1 + self.x**2 + self.y**2)
        self.normal = -self.x * steep, -self.y * steep, steep


class Park:
    """What N vehicles are made of: ``table`` (N,) of ``physics.PHYSICS``, and as arrays (4, N) what wheels have."""

    def __init__(self, table: NDArray[np.void]) -> None:
        self.table = table
        self.wheels = {name: np.ascontiguousarray(table[name].T) for name in _PER_WHEEL}
        fields = ("steer_rate", "steer_top", "wheelbase", "drag")
        self.whole = {name: np.ascontiguousarray(table[name]) for name in fields}
        self.riders = np.flatnonzero(table["two_wheeler"])
        self.driven = np.ones((4, len(table)))
        self.driven[:2, self.riders] = 0.0  # their engines drive the wheel behind


class Fleet:
    """Vehicles over one step; ``advance`` changes ``motion``, whose first N bodies they are.

    Args:
        state, control: (N,) of ``STATE`` and ``vehicles.CONTROL``.
        friction: (N,), 1 is dry road.
    """

    def __init__(
        self,
        motion: Motion,
        state: NDArray[np.void],
        control: NDArray[np.void],
        park: Park,
        friction: Array,
    ) -> None:
        physics = park.table
        self.motion, self.state, self.control = motion, state, control
        self._whole = park.whole
        self.count = len(state)
        self._w = {name: np.ascontiguousarray(state[name].T) for name in _WHEEL_FIELDS}
        p = self._p = park.wheels
        self._told: dict[str, Array] = {}
        self.engine = Drivetrain(state, control, physics)
        grip = friction * p["friction"]
        self._grips = LONG_PEAK * grip, LAT_PEAK * grip
        self._grip = grip
        hand = np.where(control["hand_brake"], p["hand_brake"], 0.0)
        self._brake = control["brake"] * p["brake"] + hand
        self._steer, self._wanted = state["steer"].copy(), control["steer"].copy()
        speed = np.abs((motion.velocity[:, : self.count] * motion.rotation[:, 0, : self.count]).sum(axis=0))
        idle = (control["throttle"] == 0) & (state["gear"] != 0) & (speed < STICKY)
        self._brake = self._brake + np.where(idle, np.inf, 0.0)
        place = np.minimum(speed / park.whole["steer_top"], 1.0) * SAMPLES
        index = np.minimum(place.astype(np.int64), SAMPLES - 1)
        rows, table = np.arange(self.count), physics["steering"]
        self._lock = table[rows, index] + (place - index) * (table[rows, index + 1] - table[rows, index])
        self._driven, self._riders = park.driven, park.riders

    def spots(self) -> tuple[Array, Array, Array]:
        """Vectors (4, N) x, y, z from the centres of mass to where wheels touch the ground in the resting body."""
        p, r = self._p, self.motion.rotation[:, :, : self.count]
        return tuple(r[i, 0] * p["fore"] + r[i, 1] * p["left"] + r[i, 2] * p["below"] for i in range(3))

    def advance(self, ground: Ground, dt: float) -> None:
        """The forces of one sub-step of ``dt`` [s], at most 0.0125; changes velocities, not places."""
        n, m, p, w = self.count, self.motion, self._p, self._w
        (vx, vy, vz), (wx, wy, wz) = m.velocity[:, :n], m.spin[:, :n]
        rotation = m.rotation[:, :, :n]
        forward, left, up = rotation[:, 0], rotation[:, 1], rotation[:, 2]
        nx, ny, nz = ground.normal

        # springs: compressed by as much as the ground stands above the wheel's place in the resting body
        rx, ry, rz = self.spots()
        x, y, z = m.center[:, :n]
        upward = up[2] - ground.x * up[0] - ground.y * up[1]
        touching = upward * nz > STEEPEST
        lean = np.where(touching, upward, 1.0)
        travel = (ground.base + ground.x * (x + rx) + ground.y * (y + ry) - z - rz) / lean
        rx, ry, rz = rx + up[0] * travel, ry + up[1] * travel, rz + up[2] * travel
        px, py, pz = vx + wy * rz - wz * ry, vy + wz * rx - wx * rz, vz + wx * ry - wy * rx
        rate = -(px * nx + py * ny + pz * nz) / (lean * nz)
        rest = p["rest_load"]
        part = rest / GRAVITY
        spring = part * HEAVE_FREQUENCY**2 * (travel + 9.0 * np.maximum(travel - BUMP_STOP, 0.0))
        bar = ANTI_ROLL / 2 * (spring[0::2] - spring[1::2])
        load = part * (m.weight[:n] + 2 * HEAVE_DAMPING * HEAVE_FREQUENCY * rate) + spring
        load[0::2] += bar
        load[1::2] -= bar
        load = np.minimum(np.maximum(load, 0.0) * touching, 12.0 * rest)

        # where the wheels point, on the ground
        cos, sin = self._headings(dt)
        tx, ty, tz = (forward[i] * cos + left[i] * sin for i in range(3))
        over = tx * nx + ty * ny + tz * nz
        tx, ty, tz = tx - over * nx, ty - over * ny, tz - over * nz
        size = 1 / np.maximum(np.sqrt(tx * tx + ty * ty + tz * tz), 1e-6)
        tx, ty, tz = tx * size, ty * size, tz * size
        sx, sy, sz = ny * tz - nz * ty, nz * tx - nx * tz, nx * ty - ny * tx
        along, across = px * tx + py * ty + pz * tz, px * sx + py * sy + pz * sz

        # tyres: slip of the carcass, and of the motion where that is beyond the peak
        radius, inertia = p["radius"], p["inertia"]
        omega, bent_x, bent_y = w["omega"], w["bend_x"], w["bend_y"]
        surface = omega * radius
        sliding = surface - along
        pace = np.maximum(np.abs(along), np.abs(surface))
        floor = np.maximum(pace, SLIP_FLOOR)
        share = load / rest
        stiffness = (
            p["long_stiff"] * GRAVITY * share,
            p["lat_stiff"] * rest * smoothing(3.0 * share / p["max_load"]),
        )
        grip = self._grips[0] * load, self._grips[1] * load
        relax = radius  # relaxation length: about the radius (Pacejka, section 5.2)
        lag = 1 + dt * pace / relax
        reach = dt + CARCASS_DAMPING * np.maximum(1 - pace / SLIP_FLOOR, 0.0) * lag
        # where the carcass would be after the step, with its damping: what the force must stay within the grip at
        trial_x, trial_y = (bent_x + reach * sliding) / lag, (bent_y + reach * across) / lag
        k_x, k_y = secants((trial_x / relax, trial_y / relax), (sliding / floor, across / floor), stiffness, grip)
        k_x, k_y = k_x / relax, k_y / relax

        # wheels, implicitly: force = k_x * bend after the step, which the torque and the force itself change; beside
        # them the body is too heavy to matter within a sub-step
        gives = radius**2 / inertia
        divisor = lag + k_x * dt * reach * gives
        idle_force = k_x * lag * trial_x / divisor
        per_torque = k_x * dt * reach * radius / inertia / divisor
        rolling = omega - dt * radius / inertia * idle_force
        ease = dt / inertia * (1 - radius * per_torque)
        drive_share = self._driven * load
        drive_share = drive_share / np.maximum(drive_share.sum(axis=0), 1e-6)
        torque = self.engine.torques(drive_share, rolling, ease, dt)
        # what already slides has its force, whatever the torque
        sliding_on = np.abs(idle_force + per_torque * torque) >= 0.999 * grip[0]
        if sliding_on.any():
            most = np.minimum(np.maximum(idle_force, -grip[0]), grip[0])
            idle_force, per_torque = np.where(sliding_on, most, idle_force), np.where(sliding_on, 0.0, per_torque)
            rolling = omega - dt * radius / inertia * idle_force
            ease = dt / inertia * (1 - radius * per_torque)
        free = rolling + ease * torque
        held = self._brake + ROLLING_RESISTANCE * load * radius + p["damping"] * np.abs(omega)
        stopping = np.minimum(np.abs(free) / ease, held)
        torque = torque - np.sign(free) * stopping
        force_x = np.minimum(np.maximum(idle_force + per_torque * torque, -grip[0]), grip[0])
        w["omega"] = rolling + ease * torque

        # carcasses
        force_y = -k_y * trial_y
        bent_x = (bent_x + dt * (sliding + dt * radius / inertia * torque - dt * gives * force_x)) / lag
        bent_y = (bent_y + dt * across) / lag
        back = bend(bent_x / relax, bent_y / relax, stiffness, grip) * (load > 0)
        w["bend_x"], w["bend_y"] = bent_x * back, bent_y * back
        w["travel"] = np.minimum(np.maximum(travel, -BUMP_STOP), BUMP_STOP)
        w["spin"] = w["spin"] + dt * w["omega"]

        # on the body
        fx = load * nx + force_x * tx + force_y * sx
        fy = load * ny + force_x * ty + force_y * sy
        fz = load * nz + force_x * tz + force_y * sz
        drag = self._whole["drag"] * np.sqrt(vx * vx + vy * vy + vz * vz)
        force, torques = np.zeros_like(m.velocity), np.zeros_like(m.velocity)
        for axis, (wheels, speed) in enumerate(((fx, vx), (fy, vy), (fz, vz))):
            force[axis, :n] = wheels.sum(axis=0) - drag * speed
        torques[0, :n] = (ry * fz - rz * fy).sum(axis=0)
        torques[1, :n] = (rz * fx - rx * fz).sum(axis=0)
        torques[2, :n] = (rx * fy - ry * fx).sum(axis=0)
        if len(self._riders):
            self._balance(torques, load.sum(axis=0), dt)
        m.accelerate(force, torques, dt)
        self._told = {
            "load": load, "long_force": force_x, "lat_force": force_y, "torque": torque, "grip": self._grip,
            "long_slip": sliding / floor, "lat_slip": np.arctan2(across, np.maximum(np.abs(along), 0.5)),
        }  # fmt: skip
        self._drag = drag * np.sqrt(vx * vx + vy * vy + vz * vz)

    def _headings(self, dt: float) -> tuple[Array, Array]:
        """Cosine and sine (4, N) of the wheels' angles, after they have turned for ``dt``; in front by Ackermann."""
        reach = self._whole["steer_rate"] * dt
        self._steer = self._steer + np.minimum(np.maximum(self._wanted - self._steer, -reach), reach)
        angle = self._steer * self._lock * self._p["max_steer"]
        tangent = np.tan(angle)
        tangent = tangent / np.maximum(1 - tangent * self._p["fore_of_axis"] / self._whole["wheelbase"], 0.1)
        self._angle = np.arctan(tangent)
        cos = 1 / np.sqrt(1 + tangent * tangent)
        return cos, tangent * cos

    def _balance(self, torques: Array, load: Array, dt: float) -> None:
        """Riders bring their two-wheelers to the lean that balances the bend, while wheels bear; not once fallen."""
        rows = self._riders
        m = self.motion
        forward = m.rotation[:, 0, rows]
        roll = np.arctan2(m.rotation[2, 1, rows], m.rotation[2, 2, rows])
        speed = (m.velocity[:, rows] * forward).sum(axis=0)
        lean = -np.arctan(np.minimum(np.maximum(speed * m.spin[2, rows] / GRAVITY, -1.0), 1.0))
        rate = (m.spin[:, rows] * forward).sum(axis=0)
        pivot = m.inertia[0, rows] + m.mass[rows] * self._p["below"][0, rows] ** 2
        off = lean - roll
        able = (np.abs(off) < LOST_BALANCE) & (load[rows] > 0.1 * m.mass[rows] * GRAVITY)
        # implicit: the body turns about its centre far more easily than about its wheels, until the tyres take hold
        eased = 1 + dt * pivot / m.inertia[0, rows] * (2 * BALANCE + dt * BALANCE**2)
        torques[:, rows] += able * pivot * (BALANCE**2 * off - 2 * BALANCE * rate) / eased * forward

    def finish(self) -> NDArray[np.void]:
        """The states (N,) at the step's end."""
        state = self.state.copy()
        for name, values in (*self._w.items(), *self._told.items()):
            state[name] = values.T
        state["spin"] = np.mod(state["spin"], 2 * np.pi)
        state["engine"], state["steer"], state["angle"] = self.engine.speed, self._steer, self._angle.T
        state["steer_angle"] = self._steer * self._lock * self._p["max_steer"][0]
        state["drag"] = self._drag
        return state


_PER_WHEEL = (
    *("radius", "inertia", "friction", "damping", "max_steer", "brake", "hand_brake", "max_load"),
    *("lat_stiff", "long_stiff", "fore", "left", "below", "rest_load", "fore_of_axis"),
)
