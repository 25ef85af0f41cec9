// How much of the sky a place sees, at half resolution: small hollows in screen space (McGuire et al. 2012, "Scalable
// Ambient Obscurance", few taps on a spiral that turns from pixel to pixel), times what the map from overhead shows.
uniform sampler2D g_motion;
uniform sampler2D g_normal;
uniform vec4 projection;
uniform mat4 camera_from_relative;
uniform sampler2D overhead_static, overhead_moving;
uniform mat4 overhead_from_relative;

layout(location = 0) out vec2 o_open;  // share of the sky, depth [m]

const int TAPS = 8;
const float RADIUS = 0.6;  // [m]

const float OVERHEAD_DEPTH = 800.0;  // [m], twice renderers.shadows.DEPTH
const float OVERHEAD_SIDE = 104.0;   // [m]

// Share of the sky hidden by what stands around and above, from two rings of heights in the map from overhead.
float roofed(vec3 place, vec3 n, float turn) {
    vec3 at = (overhead_from_relative * vec4(place + n * 0.05, 1.0)).xyz;
    float inside = 1.0 - smoothstep(0.85, 0.97, max(abs(at.x), abs(at.y)));
    vec2 uv = at.xy * 0.5 + 0.5;
    float moving = 0.0, still = 0.0;
    for (int k = 0; k < 8; ++k) {
        float reach = k < 4 ? 0.35 : 1.1;
        float angle = 1.5707963 * float(k) + (k < 4 ? 0.0 : 0.7853982) + turn;
        vec2 shift = vec2(cos(angle), sin(angle)) * reach / OVERHEAD_SIDE;
        float up_moving = (at.z - texture(overhead_moving, uv + shift).r) * OVERHEAD_DEPTH - 0.06;
        float up_still = (at.z - texture(overhead_static, uv + shift).r) * OVERHEAD_DEPTH - 0.06;
        up_moving = max(up_moving, 0.0);
        up_still = max(up_still, 0.0);
        moving += up_moving * inversesqrt(up_moving * up_moving + reach * reach);
        still += up_still * inversesqrt(up_still * up_still + reach * reach);
    }
    // Crowns of trees stand in the map as if solid down to the ground; half their shade is let off.
    float level = 0.25 + 0.75 * clamp(n.z, 0.0, 1.0);
    return inside * level * min(0.92, moving * 0.119 + still * 0.06);
}

vec3 placed(ivec2 pixel) {
    float z = texelFetch(g_motion, pixel, 0).z;
    return vec3((vec2(pixel) + 0.5 - projection.zw) / projection.xy, 1.0) * min(z, 1e5);
}

void main() {
    ivec2 limit = textureSize(g_motion, 0) - 1;
    ivec2 pixel = min(ivec2(gl_FragCoord.xy) * 2, limit);
    vec3 place = placed(pixel);
    vec3 n = texelFetch(g_normal, pixel, 0).xyz;
    float disc = min(RADIUS * projection.x / place.z, 80.0);
    float turn = 6.2831853 * fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    float sum = 0.0;
    for (int k = 0; k < TAPS; ++k) {
        float share = (float(k) + 0.5) / float(TAPS);
        float angle = turn + share * 6.2831853 * 3.0;
        ivec2 other = clamp(pixel + ivec2(disc * share * vec2(cos(angle), sin(angle))), ivec2(0), limit);
        vec3 to = placed(other) - place;
        float square = dot(to, to);
        float above = max(dot(to, n) - 0.01 - 0.002 * place.z, 0.0);
        float fade = max(1.0 - square / (RADIUS * RADIUS), 0.0);
        sum += above * inversesqrt(square + 1e-4) * fade;
    }
    float far = smoothstep(120.0, 60.0, place.z);
    mat3 rotation = mat3(camera_from_relative);
    float open = (1.0 - far * min(0.9, 1.6 * sum / float(TAPS))) * (1.0 - roofed(place * rotation, n * rotation, turn));
    o_open = vec2(open, min(place.z, 6e4));
}
