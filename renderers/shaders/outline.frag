// One where an object is.
#include "materials.glsl"

in vec2 uv;
flat in uvec3 ids;
uniform sampler2DArray textures;

layout(location = 0) out float o_inside;

void main() {
#ifdef HOLES
    if (texture(textures, vec3(uv, float(ids.z))).a < materials[ids.y >> 16].alpha_cutoff) discard;
#endif
    o_inside = 1.0;
}
