// The sky behind everything: table, clouds, the sun's disc, and the fog before it.
#include "light.glsl"

uniform mat4 camera_from_relative;
uniform vec4 projection;

layout(location = 0) out vec4 o_radiance;

void main() {
    vec3 ray = normalize(vec3((gl_FragCoord.xy - projection.zw) / projection.xy, 1.0) * mat3(camera_from_relative));
    vec3 above = normalize(vec3(ray.xy, max(ray.z, 0.002)));
    vec3 color = sky_with_clouds(above);
    float cosine = dot(ray, sun_direction);
    float glare = 0.35 * pow(max(cosine, 0.0), 900.0) + 0.03 * pow(max(cosine, 0.0), 60.0);
    float disc = smoothstep(0.99996, 0.99999, cosine);
    color += sun * (30.0 * disc + glare) * (1.0 - clouds(above).x);
    float end = fog_extinction > 1e-5 ? min(4.0 * fog_height / max(above.z, 0.02), 3e4) : 0.0;
    vec3 left = transmittance(above, end);
    left = fog_extinction > 1e-5 ? vec3(left.g) : vec3(1.0);
    o_radiance = vec4(mix(in_scatter(above), color, left), 1.0);
}
