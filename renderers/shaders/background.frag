// Label targets of the sky: at infinity only the camera's turning moves it.
layout(location = 0) out vec4 o_albedo;
layout(location = 1) out uvec2 o_ids;
layout(location = 2) out vec4 o_motion;
layout(location = 3) out vec4 o_normal;

uniform mat4 previous_camera_from_relative;
uniform mat4 camera_from_relative;
uniform vec4 projection;

const uint SKY = 11u;

void main() {
    vec3 ray = vec3((gl_FragCoord.xy - projection.zw) / projection.xy, 1.0) * mat3(camera_from_relative);
    vec3 seen = mat3(previous_camera_from_relative) * ray;
    vec2 before = projection.xy * seen.xy / max(seen.z, 1e-3) + projection.zw;
    o_albedo = vec4(0.0);
    o_ids = uvec2(0u, SKY);
    o_motion = vec4(before - gl_FragCoord.xy, uintBitsToFloat(0x7F800000u), 0.0);
    o_normal = vec4(0.0);
}
