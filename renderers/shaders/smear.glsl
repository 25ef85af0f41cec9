// How far a pixel's light is smeared: along its motion while the shutter is open, and over its lens's disc.
uniform sampler2D g_motion;
uniform sampler2D sharp;
uniform bool masked;
uniform float share;    // of the tick that the shutter is open
uniform float longest;  // streak [px]
uniform vec4 lens;      // 1 / distance in focus, scale of the disc, radius of haze [px], 1 / its distance
uniform float largest;  // disc [px]

const float FARTHEST = 1e5;

float depth_at(ivec2 pixel) { return min(texelFetch(g_motion, pixel, 0).z, FARTHEST); }

vec2 streak(ivec2 pixel) {
    if (masked && texelFetch(sharp, pixel, 0).r > 0.5) return vec2(0.0);
    vec2 way = -texelFetch(g_motion, pixel, 0).xy * share;
    float far = length(way);
    return far > longest ? way * (longest / far) : way;
}

float disc(float depth) {
    float blurred = lens.y * abs(lens.x - 1.0 / depth) + lens.z * (1.0 - exp2(-depth * lens.w));
    return min(blurred, largest);
}
