// Motion blur, after McGuire, Hennessy, Bukowski and Osman, "A Reconstruction Filter for Plausible Motion Blur" (2012).
#include "smear.glsl"

uniform sampler2D tiles;
uniform sampler2D radiance;

layout(location = 0) out vec4 o_radiance;

const int TILE = 16, MOST = 24;

float nearer(float a, float b) { return clamp(1.0 + (b - a) / (0.05 * min(a, b)), 0.0, 1.0); }
float cone(float far, float reach) { return clamp(1.0 - far / reach, 0.0, 1.0); }
float cylinder(float far, float reach) { return 1.0 - smoothstep(0.95 * reach, 1.05 * reach, far); }

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy), limit = textureSize(radiance, 0) - 1;
    ivec2 tile = pixel / TILE, last = textureSize(tiles, 0) - 1;
    vec2 way = vec2(0.0);
    for (int y = -1; y < 2; ++y) for (int x = -1; x < 2; ++x) {
        vec2 other = texelFetch(tiles, clamp(tile + ivec2(x, y), ivec2(0), last), 0).xy;
        if (dot(other, other) > dot(way, way)) way = other;
    }
    vec3 here = texelFetch(radiance, pixel, 0).rgb;
    float full = length(way);
    if (full < 0.5) {
        o_radiance = vec4(here, 1.0);
        return;
    }
    float z = depth_at(pixel), own = max(0.5 * length(streak(pixel)), 0.5);
    float weight = 1.0 / own;
    vec3 sum = here * weight;
    int taps = clamp(int(full), 6, MOST);
    float dither = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
    for (int k = 0; k < taps; ++k) {
        float t = (float(k) + 0.5 + dither) / float(taps) - 0.5;
        ivec2 at = clamp(ivec2(gl_FragCoord.xy + way * t), ivec2(0), limit);
        float other_z = depth_at(at), other = max(0.5 * length(streak(at)), 0.5), far = full * abs(t);
        float a = nearer(other_z, z) * cone(far, other) + nearer(z, other_z) * cone(far, own)
                + 2.0 * cylinder(far, own) * cylinder(far, other);
        sum += texelFetch(radiance, at, 0).rgb * a;
        weight += a;
    }
    o_radiance = vec4(sum / weight, 1.0);
}
