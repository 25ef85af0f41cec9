// Depth of field: the light of every neighbour whose disc reaches here. Discs have the diaphragm's shape.
#include "smear.glsl"

uniform sampler2D tiles;
uniform sampler2D radiance;
uniform float blades;

layout(location = 0) out vec4 o_radiance;

const int TILE = 16, TAPS = 48;
const float GOLDEN = 2.39996323, PI = 3.14159265;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy), limit = textureSize(radiance, 0) - 1;
    ivec2 tile = pixel / TILE, last = textureSize(tiles, 0) - 1;
    float reach = 0.0;
    for (int y = -2; y < 3; ++y) for (int x = -2; x < 3; ++x)
        reach = max(reach, texelFetch(tiles, clamp(tile + ivec2(x, y), ivec2(0), last), 0).z);
    vec3 sum = texelFetch(radiance, pixel, 0).rgb;
    if (reach < 0.7) {
        o_radiance = vec4(sum, 1.0);
        return;
    }
    float z = depth_at(pixel), own = disc(z), weight = 1.0;
    float turn = 2.0 * PI * fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    for (int k = 0; k < TAPS; ++k) {
        float angle = GOLDEN * float(k) + turn, wedge = 2.0 * PI / blades;
        float rim = cos(0.5 * wedge) / cos(mod(angle, wedge) - 0.5 * wedge);
        float far = reach * sqrt((float(k) + 0.5) / float(TAPS));
        ivec2 at = clamp(ivec2(gl_FragCoord.xy + far * rim * vec2(cos(angle), sin(angle))), ivec2(0), limit);
        float other_z = depth_at(at), other = disc(other_z);
        // What lies behind must not spill over what is sharp before it.
        float size = other_z > z * 1.03 ? min(other, own) : other;
        float a = clamp(size - far + 1.0, 0.0, 1.0) * clamp(size, 0.0, 1.0);
        sum += texelFetch(radiance, at, 0).rgb * a;
        weight += a;
    }
    o_radiance = vec4(sum / weight, 1.0);
}
