// Spreads the half-size occlusion to full size over neighbours of like depth, which takes the grain out.
uniform sampler2D occlusion_half;
uniform sampler2D g_motion;

layout(location = 0) out float o_open;

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    float z = texelFetch(g_motion, pixel, 0).z;
    ivec2 limit = textureSize(occlusion_half, 0) - 1, full = textureSize(g_motion, 0) - 1;
    ivec2 base = (pixel - 1) / 2;
    float sum = 1e-3, weight = 1e-3;
    for (int y = -1; y < 3; ++y) for (int x = -1; x < 3; ++x) {
        ivec2 other = clamp(base + ivec2(x, y), ivec2(0), limit);
        float depth = texelFetch(g_motion, min(other * 2, full), 0).z;
        float w = 1.0 / (1.0 + abs(depth - z) * 30.0 / (0.3 + z * 0.3));
        sum += w * texelFetch(occlusion_half, other, 0).r;
        weight += w;
    }
    o_open = sum / weight;
}
