// Spreads the half-size occlusion to full size over neighbours of like depth, which takes the grain out.
uniform sampler2D occlusion_half;
uniform sampler2D g_motion;

layout(location = 0) out float o_open;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    float z = texelFetch(g_motion, pixel, 0).z;
    ivec2 limit = textureSize(occlusion_half, 0) - 1;
    float narrow = 100.0 / (1.0 + z);
    vec2 sum = vec2(1e-3);
    for (int y = -1; y < 2; ++y) for (int x = -1; x < 2; ++x) {
        vec2 other = texelFetch(occlusion_half, clamp(pixel / 2 + ivec2(x, y), ivec2(0), limit), 0).rg;
        sum += vec2(other.r, 1.0) / (1.0 + abs(other.g - z) * narrow);
    }
    o_open = sum.r / sum.g;
}
