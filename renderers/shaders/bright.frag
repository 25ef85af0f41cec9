// What is brighter than the film's white, at a quarter of the picture's size.
uniform sampler2D radiance;
uniform float exposure;

layout(location = 0) out vec4 o_bright;

const int SHRINK = 4;
const float WHITE = 1.0, MOST = 24.0;

void main() {
    ivec2 corner = ivec2(gl_FragCoord.xy) * SHRINK;
    vec3 sum = vec3(0.0);
    for (int y = 0; y < SHRINK; ++y) for (int x = 0; x < SHRINK; ++x) {
        vec3 c = texelFetch(radiance, corner + ivec2(x, y), 0).rgb * exposure;
        float top = max(c.r, max(c.g, c.b));
        sum += c * (clamp(top - WHITE, 0.0, MOST) / max(top, 1e-4));
    }
    o_bright = vec4(sum / float(SHRINK * SHRINK), 1.0);
}
