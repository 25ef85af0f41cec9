// Exposure, film curve, sRGB.
uniform sampler2D radiance;
uniform float exposure;
uniform vec2 size;
#ifdef GLOW
uniform sampler2D glow;
#endif
#ifdef GRADED
uniform mat3 white_balance;
uniform sampler2D film_table;  // stops by stops about 1
uniform vec2 table_stops;
uniform float gamma;
#endif

layout(location = 0) out vec4 o_color;

const float CONTRAST = 1.32, SATURATION = 1.25;

// AgX (Sobotka 2022) in B. Wrensch's polynomial fit (2023): colours fade as film does instead of clipping one by one.
const mat3 INSET = mat3(0.842479062253094, 0.0423282422610123, 0.0423756549057051,
                        0.0784335999999992, 0.878468636469772, 0.0784336,
                        0.0792237451477643, 0.0791661274605434, 0.879142973793104);
const mat3 OUTSET = mat3(1.19687900512017, -0.0528968517574562, -0.0529716355144438,
                         -0.0980208811401368, 1.15190312990417, -0.0980434501171241,
                         -0.0990297440797205, -0.0989611768448433, 1.15107367264116);
const float LOW = -12.47393, HIGH = 4.026069;  // stops

vec3 film(vec3 c) {
    vec3 x = clamp((log2(max(INSET * c, vec3(1e-10))) - LOW) / (HIGH - LOW), 0.0, 1.0);
    vec3 x2 = x * x, x4 = x2 * x2;
    x = 15.5 * x4 * x2 - 40.14 * x4 * x + 31.96 * x4 - 6.868 * x2 * x + 0.4298 * x2 + 0.1191 * x - 0.00232;
    x = pow(max(x, vec3(0.0)), vec3(CONTRAST));
    float grey = dot(x, vec3(0.2126, 0.7152, 0.0722));
    x = OUTSET * (grey + SATURATION * (x - grey));
    return pow(clamp(x, 0.0, 1.0), vec3(2.2));
}

void main() {
    vec3 c = texelFetch(radiance, ivec2(gl_FragCoord.xy), 0).rgb * exposure;
#ifdef GLOW
    c += texture(glow, gl_FragCoord.xy / size).rgb;
#endif
#ifdef GRADED
    vec3 stops = log2(max(white_balance * c, vec3(1e-6)));
    vec3 at = clamp((stops - table_stops.x) / (table_stops.y - table_stops.x), 0.0, 1.0);
    c = exp2(vec3(texture(film_table, vec2(at.r, 0.5)).r, texture(film_table, vec2(at.g, 0.5)).r,
                  texture(film_table, vec2(at.b, 0.5)).r));
#endif
    vec2 off = (gl_FragCoord.xy - 0.5 * size) / length(size);
    c *= 1.0 - 0.35 * dot(off, off);  // natural vignetting
    c = film(c);
    vec3 srgb = mix(12.92 * c, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
#ifdef GRADED
    srgb = pow(max(srgb, vec3(0.0)), vec3(2.2 / gamma));
#endif
    // Interleaved gradient noise (Jimenez 2014) of one step keeps smooth skies from banding in 8 bits.
    srgb += (fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5) / 255.0;
    o_color = vec4(srgb, dot(srgb, vec3(0.299, 0.587, 0.114)));
}
