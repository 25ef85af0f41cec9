// Places a vertex now and one tick ago. Matrices lead to the world relative to the camera's position, in float32.
#include "materials.glsl"

in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in vec4 in_color;
in uint in_material;
in vec4 in_current_x, in_current_y, in_current_z;
in vec4 in_previous_x, in_previous_y, in_previous_z;
in uvec4 in_ids;
in vec4 in_tint;

uniform mat4 camera_from_relative;
uniform mat4 previous_camera_from_relative;
uniform vec4 projection;  // fx, fy, cx + 0.5, cy + 0.5 of the window drawn into [px]
uniform vec2 size;        // of that window [px]

out vec3 normal;
out vec3 color;
out vec3 previous;
out vec2 uv;
flat out uvec3 ids;  // object id, tag | lit << 8 | material << 16, texture layer

#include "skin.glsl"

const float NEAR = 0.1;

void main() {
    vec4 here = vec4(in_position, 1.0);
    vec4 there = here;
    vec3 facing = in_normal;
#ifdef SKINNED
    mat3x4 skin = blended(in_ids.w & 0xFFFFu);
    facing = in_normal * mat3(skin);
    there = vec4(here * blended(in_ids.w >> 16), 1.0);
    here = vec4(here * skin, 1.0);
#endif
    vec3 relative = here * mat3x4(in_current_x, in_current_y, in_current_z);
    vec3 place = (camera_from_relative * vec4(relative, 1.0)).xyz;
    gl_Position = vec4((2.0 * (projection.xy * place.xy + projection.zw * place.z) / size - place.z), NEAR, place.z);

    // The cofactor matrix keeps normals upright under any scale and mirroring.
    vec3 x = in_current_x.xyz, y = in_current_y.xyz, z = in_current_z.xyz;
    vec3 turned = vec3(dot(cross(y, z), facing), dot(cross(z, x), facing), dot(cross(x, y), facing));
    normal = mat3(camera_from_relative) * normalize(turned);

    vec3 before = there * mat3x4(in_previous_x, in_previous_y, in_previous_z);
    vec3 seen = (previous_camera_from_relative * vec4(before, 1.0)).xyz;
    previous = vec3(projection.xy * seen.xy + projection.zw * seen.z, seen.z);

    Material m = materials[in_material];
    color = linear_from_srgb(in_color.rgb) * m.base * mix(vec3(1.0), in_tint.rgb, m.paint);
    uv = in_uv;
    uint lit = m.lamp == 0u || (m.lamp & in_ids.z) != 0u ? 1u : 0u;
    ids = uvec3(in_ids.x, in_ids.y | lit << 8 | in_material << 16, uint(m.layer));
}
