// Writes every target of the geometry pass: one sample a pixel, nothing blended.
#include "materials.glsl"

in vec3 normal;
in vec3 color;
in vec3 previous;
in vec2 uv;
flat in uvec3 ids;

uniform sampler2DArray textures;

layout(location = 0) out vec4 o_albedo;  // square root of the linear albedo, for 8 bits to be enough
layout(location = 1) out uvec2 o_ids;
layout(location = 2) out vec4 o_motion;  // flow [px], depth [m], 0
layout(location = 3) out vec4 o_normal;  // camera frame

void main() {
    vec3 albedo = color;
#ifdef TEXTURED
    vec4 texel = texture(textures, vec3(uv, float(ids.z)));
#ifdef HOLES
    // The very texel, at full detail from any distance: a hole is one for cameras and rays alike (renderers.holes).
    ivec2 side = textureSize(textures, 0).xy;
    float alpha = texelFetch(textures, ivec3(vec2(side) * fract(uv), ids.z), 0).a;
    if (alpha < materials[ids.y >> 16].alpha_cutoff) discard;
#endif
    albedo *= linear_from_srgb(texel.rgb);
#endif
    vec3 n = normalize(normal);
#ifdef OPEN
    n = gl_FrontFacing ? n : -n;
#endif
    o_albedo = vec4(sqrt(albedo), 0.0);
    o_ids = ids.xy;
    o_motion = vec4(previous.xy / max(previous.z, 1e-3) - gl_FragCoord.xy, 1.0 / gl_FragCoord.w, 0.0);
    o_normal = vec4(n, 0.0);
}
