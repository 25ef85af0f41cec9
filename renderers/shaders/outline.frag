// One where an object is.
#include "materials.glsl"

in vec2 uv;
flat in uvec3 ids;
uniform sampler2DArray textures;

layout(location = 0) out float o_inside;

void main() {
#ifdef HOLES
    // The very texel, as in geometry.frag: an outline has the holes that the picture has.
    ivec2 side = textureSize(textures, 0).xy;
    float alpha = texelFetch(textures, ivec3(vec2(side) * fract(uv), ids.z), 0).a;
    if (alpha < materials[ids.y >> 16].alpha_cutoff) discard;
#endif
    o_inside = 1.0;
}
