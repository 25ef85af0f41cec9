// Sky and fog, as renderers.lighting.Lighting describes them. Directions are world directions.
uniform sampler2D sky_table;
uniform sampler2D noise;
uniform vec3 sun_direction;
uniform vec3 sun;
uniform vec3 ground;
uniform vec3 cloud;
uniform vec3 fog;
uniform float fog_extinction;
uniform float fog_height;
uniform vec3 haze_extinction;
uniform float cloudiness;
uniform float fog_start;
uniform vec2 eye_place;  // east, north of the eye, modulo the period of the noise [m]

const float PI = 3.14159265;

// Radiance of the sky without clouds; the table is symmetric about the sun's azimuth.
vec3 clear_sky(vec3 ray) {
    float elevation = asin(clamp(ray.z, 0.0, 1.0));
    vec2 flat_sun = normalize(sun_direction.xy + vec2(1e-6, 0.0));
    float azimuth = acos(clamp(dot(normalize(ray.xy + vec2(1e-6, 0.0)), flat_sun), -1.0, 1.0));
    return texture(sky_table, vec2(azimuth / PI, sqrt(elevation / (0.5 * PI)))).rgb;
}

// Share of a cloud in (0, 1) and its thickness, along a ray that looks up.
vec2 clouds(vec3 ray) {
    // A deck at 1500 m over a curved earth, so that it does not pile up at the horizon without end.
    float along = 1500.0 / (ray.z + 0.06);
    vec2 place = (eye_place + ray.xy * along) / 16000.0;
    float shape = texture(noise, place).r * 0.72 + texture(noise, place * 4.3 + 0.37).r * 0.28;
    float threshold = mix(0.78, 0.22, cloudiness);
    float cover = smoothstep(threshold, threshold + 0.22, shape);
    return vec2(cover * smoothstep(0.0, 0.12, ray.z), shape);
}

vec3 sky_with_clouds(vec3 ray) {
    vec3 clear = clear_sky(ray);
    vec2 c = clouds(ray);
    float towards = max(dot(ray, sun_direction), 0.0);
    float silver = pow(towards, 12.0) * (1.0 - c.x);
    vec3 lit = cloud * (1.18 - 0.75 * smoothstep(0.45, 0.85, c.y)) + sun * 0.35 * silver;
    return mix(clear, lit, c.x * 0.92);
}

// What is left of light over a distance; the fog is as dense as asked for at the eye's height and thins upwards.
vec3 transmittance(vec3 ray, float distance) {
    float t = ray.z / fog_height * distance;
    float mean = abs(t) < 1e-3 ? 1.0 : (1.0 - exp(-clamp(t, -20.0, 40.0))) / t;
    return exp(-fog_extinction * mean * max(distance - fog_start, 0.0) - haze_extinction * distance);
}

// Light scattered into a ray: haze takes the colour of the horizon, fog its own with a glow around the sun.
vec3 in_scatter(vec3 ray) {
    vec3 horizon = clear_sky(normalize(vec3(ray.xy, 0.035)));
    float towards = max(dot(ray, sun_direction), 0.0);
    float share = fog_extinction / (fog_extinction + haze_extinction.g);
    return mix(horizon, fog * (0.85 + 0.9 * pow(towards, 6.0)), share);
}
