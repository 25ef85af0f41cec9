// Ambient occlusion of small hollows in screen space, at half resolution (McGuire et al. 2012, "Scalable Ambient
// Obscurance", with few taps on a spiral that turns from pixel to pixel).
uniform sampler2D g_motion;
uniform sampler2D g_normal;
uniform vec4 projection;

layout(location = 0) out float o_open;

const int TAPS = 8;
const float RADIUS = 0.6;  // [m]

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
    o_open = 1.0 - far * min(0.9, 1.6 * sum / float(TAPS));
}
