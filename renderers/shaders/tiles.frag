// The longest streak and the largest disc of a tile of the picture.
#include "smear.glsl"

layout(location = 0) out vec4 o_most;

const int TILE = 16;

void main() {
    ivec2 corner = ivec2(gl_FragCoord.xy) * TILE, limit = textureSize(g_motion, 0) - 1;
    vec2 most = vec2(0.0);
    float widest = 0.0;
    for (int y = 0; y < TILE; y += 2) for (int x = 0; x < TILE; x += 2) {
        ivec2 pixel = min(corner + ivec2(x, y), limit);
        vec2 way = streak(pixel);
        if (dot(way, way) > dot(most, most)) most = way;
        widest = max(widest, disc(depth_at(pixel)));
    }
    o_most = vec4(most, widest, 0.0);
}
