// Places a vertex for a parallel projection: shadow maps and the map of what is overhead.
in vec3 in_position;
in vec2 in_uv;
in uint in_material;
in vec4 in_current_x, in_current_y, in_current_z;
in uvec4 in_ids;

uniform mat4 clip_from_relative;

#include "materials.glsl"
#include "skin.glsl"

out vec2 uv;
flat out vec2 texel;  // texture layer, alpha cutoff

void main() {
    vec4 here = vec4(in_position, 1.0);
#ifdef SKINNED
    here = vec4(here * blended(in_ids.w & 0xFFFFu), 1.0);
#endif
    vec3 relative = here * mat3x4(in_current_x, in_current_y, in_current_z);
    gl_Position = clip_from_relative * vec4(relative, 1.0);
    uv = in_uv;
    texel = vec2(float(materials[in_material].layer), materials[in_material].alpha_cutoff);
}
