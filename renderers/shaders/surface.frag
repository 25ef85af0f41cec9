// Deferred shading of surfaces: sun with shadows, light of the sky, what shines back, emission, wetness, fog.
#include "materials.glsl"
#include "light.glsl"

uniform sampler2D g_albedo;
uniform usampler2D g_ids;
uniform sampler2D g_motion;
uniform sampler2D g_normal;
uniform sampler2D occlusion;
uniform sampler2DShadow sun_static, sun_moving;
uniform mat4 near_from_relative, far_from_relative;
uniform mat4 camera_from_relative;
uniform vec4 projection;
uniform vec3 harmonics[9];
uniform float wetness;
uniform float puddles;
uniform float lamp_brightness;

const int BEAMS = 8;
uniform vec4 beam_places[BEAMS];  // relative to the eye [m], intensity
uniform vec4 beam_axes[BEAMS];    // direction, 1 for a high beam

const int LAMPS = 16;
uniform vec4 lamp_places[LAMPS];  // relative to the eye [m], 0 for none
uniform vec4 lamp_powers[LAMPS];  // linear RGB

layout(location = 0) out vec4 o_radiance;

// Irradiance from headlamps: a wide, flat bundle below a sharp horizon, or a round one for high beams.
float headlights(vec3 place, vec3 n) {
    float sum = 0.0;
    for (int k = 0; k < BEAMS && beam_places[k].w > 0.0; ++k) {
        vec3 to = place - beam_places[k].xyz;
        float square = dot(to, to);
        vec3 d = to * inversesqrt(square);
        float ahead = max(dot(d, beam_axes[k].xyz), 0.0);
        float aside = dot(d, cross(beam_axes[k].xyz, vec3(0.0, 0.0, 1.0)));
        float rise = d.z + 0.012;
        float low = exp(-aside * aside * 5.0) * (rise > 0.0 ? 0.03 + 0.97 * exp(-rise * rise * 9000.0)
                                                           : 0.15 + 0.85 * exp(-rise * rise * 110.0));
        float high = 1.6 * exp(-(aside * aside + d.z * d.z) * 45.0);
        float pattern = mix(low, high, beam_axes[k].w) * step(0.05, ahead);
        sum += beam_places[k].w * pattern * clamp(-dot(n, d), 0.0, 1.0) / (square + 0.5);
    }
    return sum;
}

// Irradiance from street lamps, which spread their light along the road and cut it off under the horizon.
vec3 street_lamps(vec3 place, vec3 n) {
    vec3 sum = vec3(0.0);
    for (int k = 0; k < LAMPS && lamp_places[k].w > 0.0; ++k) {
        vec3 to = place - lamp_places[k].xyz;
        float square = dot(to, to);
        if (square > 3600.0) continue;
        vec3 d = to * inversesqrt(square);
        float spread = smoothstep(0.02, 0.45, -d.z) * (1.6 + 0.6 * d.z);
        float fade = 1.0 - square / 3600.0;
        sum += lamp_powers[k].rgb * (spread * fade * clamp(-dot(n, d), 0.0, 1.0) / (square + 12.0));
    }
    return sum;
}

vec3 irradiance(vec3 n) {  // over pi
    vec3 sum = harmonics[0] * 0.282095 + harmonics[1] * (0.488603 * n.y) + harmonics[2] * (0.488603 * n.z)
             + harmonics[3] * (0.488603 * n.x) + harmonics[4] * (1.092548 * n.x * n.y)
             + harmonics[5] * (1.092548 * n.y * n.z) + harmonics[6] * (0.315392 * (3.0 * n.z * n.z - 1.0))
             + harmonics[7] * (1.092548 * n.x * n.z) + harmonics[8] * (0.546274 * (n.x * n.x - n.y * n.y));
    return max(sum, vec3(0.0));
}

// Both halves of one sheet hold the near and the far map; where they meet, pixels choose by a dither. Beyond the far map
// nothing is in the shade.
float sunlight(vec3 place, vec3 n, float dither) {
    float grazing = 1.0 - clamp(dot(n, sun_direction), 0.0, 1.0);
    vec3 near = (near_from_relative * vec4(place + n * (0.02 + 0.10 * grazing), 1.0)).xyz;
    vec3 far = (far_from_relative * vec4(place + n * (0.1 + 0.5 * grazing), 1.0)).xyz;
    bool outside = smoothstep(0.9, 0.98, max(abs(near.x), abs(near.y))) > dither;
    vec3 at = outside ? far : near;
    float far_out = max(max(abs(far.x), abs(far.y)), abs(2.0 * far.z - 1.0));
    if (outside && smoothstep(0.9, 0.98, far_out) > dither) return 1.0;
    at.xy = clamp(at.xy, -0.998, 0.998) * vec2(0.25, 0.5) + vec2(outside ? 0.75 : 0.25, 0.5);
    // A ring of four bilinear taps, turned from pixel to pixel.
    vec2 r = vec2(cos(6.2831853 * dither), sin(6.2831853 * dither)) * (outside ? 0.5 : 1.2) / 2048.0;
    float sum = 0.0;
    for (int k = 0; k < 4; ++k) {
        vec3 tap = vec3(at.xy + r * vec2(0.5, 1.0), at.z);
        sum += min(texture(sun_static, tap), texture(sun_moving, tap));
        r = vec2(-r.y, r.x);
    }
    return sum * 0.25;
}

// Environment BRDF, analytic fit (Karis 2014).
vec3 reflected_share(vec3 f0, float roughness, float n_v) {
    vec4 r = roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float a = min(r.x * r.x, exp2(-9.28 * n_v)) * r.x + r.y;
    vec2 ab = vec2(-1.04, 1.04) * a + r.zw;
    return f0 * ab.x + ab.y;
}

// Trowbridge-Reitz highlight with Schlick's Fresnel and Hammon's visibility.
vec3 highlight(vec3 n, vec3 v, vec3 l, float roughness, vec3 f0) {
    vec3 h = normalize(v + l);
    float a = max(roughness * roughness, 0.002);
    float n_h = clamp(dot(n, h), 0.0, 1.0), n_l = clamp(dot(n, l), 0.0, 1.0), n_v = clamp(dot(n, v), 0.05, 1.0);
    float d = n_h * n_h * (a * a - 1.0) + 1.0;
    float peak = a * a / (PI * d * d);
    vec3 f = f0 + (1.0 - f0) * pow(1.0 - clamp(dot(v, h), 0.0, 1.0), 5.0);
    return f * peak * 0.5 / mix(2.0 * n_l * n_v, n_l + n_v, a) * n_l;
}

vec3 mirrored(vec3 ray, float roughness, vec3 diffuse) {
    vec3 above = clear_sky(normalize(vec3(ray.xy, max(ray.z, 0.02))));
    vec3 sharp = mix(ground, above, smoothstep(-0.06 - 0.4 * roughness, 0.06 + 0.4 * roughness, ray.z));
    return mix(sharp, diffuse, clamp(roughness * 1.2, 0.0, 1.0));
}

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    uint word = texelFetch(g_ids, pixel, 0).g;
    uint tag = word & 0xFFu;
    Material m = materials[word >> 16];
    float lit = float(word >> 8 & 1u);
    vec3 albedo = texelFetch(g_albedo, pixel, 0).rgb;
    albedo *= albedo;
    float depth = texelFetch(g_motion, pixel, 0).z;
    mat3 turn = mat3(camera_from_relative);
    vec3 n = texelFetch(g_normal, pixel, 0).xyz * turn;
    vec3 place = vec3((gl_FragCoord.xy - projection.zw) / projection.xy, 1.0) * depth * turn;
    float distance = length(place);
    vec3 ray = place / distance;
    vec3 v = -ray;
    if (dot(n, v) < 0.0) n = normalize(n + v * (0.02 - dot(n, v)));  // shading normals may look away at the rim

    // Water darkens what is porous and makes what is level shine; it gathers where the noise is low.
    float porous = (1.0 - m.metallic) * smoothstep(0.3, 0.7, m.roughness);
    float level = smoothstep(0.85, 0.99, n.z);
    vec2 world = (place.xy + eye_place) / 16000.0;
    float hollow = texture(noise, world * 900.0).r * 0.6 + texture(noise, world * 3100.0).r * 0.4;
    bool paved = tag == 1u || tag == 2u || tag == 24u || tag == 25u;
    float pool = (paved ? 1.0 : 0.25) * level * smoothstep(0.0, 0.08, puddles * 0.75 + 0.12 * wetness - hollow + 0.05) * step(0.001, puddles);
    float wet = max(wetness * porous, pool);
    albedo *= mix(1.0, 0.45, wet * porous);
    float roughness = mix(m.roughness, mix(0.35, 0.05, pool), wet * level * (paved ? 0.85 : 0.3));
    vec3 up = vec3(0.0, 0.0, 1.0);
    n = normalize(mix(n, up, pool * 0.9));

    float glass = 1.0 - m.opacity;
    albedo *= 1.0 - 0.9 * glass;
    vec3 f0 = mix(vec3(mix(0.04, 0.02, wet)), albedo, m.metallic);
    vec3 diffuse = albedo * (1.0 - m.metallic);

    float open = texelFetch(occlusion, pixel, 0).r;
    float direct = clamp(dot(n, sun_direction), 0.0, 1.0);
    // Interleaved gradient noise (Jimenez 2014).
    float dither = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    float shadow = sunlight(place, n, dither);
    // Leaves and blades let light through.
    float leaf = tag == 9u ? 0.35 : 0.0;
    float wrapped = direct * (1.0 - leaf) + leaf * (0.5 + 0.5 * direct) * 0.8;
    vec3 ambient = irradiance(n);
    vec3 beams = vec3(1.0, 0.94, 0.84) * headlights(place, n) + street_lamps(place, n);
    vec3 radiance = diffuse * (sun * (wrapped * shadow / PI) + ambient * open + beams / PI);

    // What surfaces around throw back where the sky is hidden keeps shadows from going black.
    radiance += diffuse * ambient * (1.0 - open) * albedo * 0.4;

    float n_v = clamp(dot(n, v), 0.0, 1.0);
    vec3 r = reflect(ray, n);
    float seen = mix(open * open, open, roughness);
    radiance += reflected_share(f0, roughness, n_v) * mirrored(r, roughness, ambient) * seen;
    radiance += sun * shadow * highlight(n, v, sun_direction, roughness, f0);
    float coat = max(m.clear_coat, glass);
    float fresnel = 0.04 + 0.96 * pow(1.0 - n_v, 5.0);
    radiance = mix(radiance, mirrored(r, 0.03, ambient) * seen, coat * fresnel);
    radiance += coat * sun * shadow * highlight(n, v, sun_direction, 0.1, vec3(0.04));

    radiance += m.emission * (lit * lamp_brightness / PI);
    vec3 left = transmittance(ray, distance);
    o_radiance = vec4(mix(in_scatter(ray), radiance, left), 1.0);
}
