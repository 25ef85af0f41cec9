// Antialiasing of edges on the finished colour, after T. Lottes, "FXAA" (2009), the short console variant.
uniform sampler2D color;
uniform vec2 size;

layout(location = 0) out vec4 o_color;

void main() {
    vec2 texel = 1.0 / size, at = gl_FragCoord.xy * texel;
    vec4 middle = texture(color, at);
    float nw = texture(color, at + vec2(-0.5, -0.5) * texel).a, ne = texture(color, at + vec2(0.5, -0.5) * texel).a;
    float sw = texture(color, at + vec2(-0.5, 0.5) * texel).a, se = texture(color, at + vec2(0.5, 0.5) * texel).a;
    float low = min(min(nw, ne), min(sw, se)), high = max(max(nw, ne), max(sw, se));
    vec2 along = vec2((sw + se) - (nw + ne), (nw + sw) - (ne + se));
    float scale = 1.0 / (min(abs(along.x), abs(along.y)) + max((nw + ne + sw + se) * 0.03125, 0.0078125));
    along = clamp(along * scale, -8.0, 8.0) * texel;
    vec3 inner = 0.5 * (texture(color, at - along / 6.0).rgb + texture(color, at + along / 6.0).rgb);
    vec4 ends = texture(color, at - along * 0.5) + texture(color, at + along * 0.5);
    vec3 outer = inner * 0.5 + ends.rgb * 0.25;
    float luma = dot(outer, vec3(0.299, 0.587, 0.114));
    vec3 chosen = luma < min(low, middle.a) || luma > max(high, middle.a) ? inner : outer;
    o_color = vec4(high - low < max(0.05, high * 0.12) ? middle.rgb : chosen, 1.0);
}
